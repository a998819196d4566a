//! The conformance battery against a small service, services that misbehave, and real applications.

mod applications;
mod auth;
mod contract;
mod faults;
mod graphql;
mod incremental;
mod nested;
mod options;
mod pages;
mod presets;
mod support;
