"""Reports: HTML, XLSX, console; everything that rounds a number lives here."""
