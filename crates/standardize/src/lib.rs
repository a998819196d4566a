//! Pure functions that bring one value of a customer record into its standard form.
