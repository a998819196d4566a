//! Reads paginated JSON resources over HTTP.
