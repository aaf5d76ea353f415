"""Reading of data that anybody may have written, within limits that hold before it is parsed."""
