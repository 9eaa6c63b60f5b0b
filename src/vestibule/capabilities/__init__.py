"""What an account can do: one folder for each capability."""
