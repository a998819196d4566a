//! goldsmith
