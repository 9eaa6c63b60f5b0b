"""The floors: what a thing costs at least, without Vestibule."""
