"""Hosts: small applications that mount Vestibule, to be measured."""
