//! Entity resolution over coded columns: blocking, comparison, training, clustering, survivorship.
