"""What people see: texts, keyboards, callback data, links. Pure: records in, words out."""
