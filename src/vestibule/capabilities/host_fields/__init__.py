"""Host fields: what the host application keeps of its people besides."""
