//! Reads Excel and OpenDocument workbooks.
