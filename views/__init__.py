"""What people see: texts, keyboards, callback data, links. Pure: from records to text."""
