"""Files of rows: delimited text, workbooks and records, each read with limits."""
