"""The client of the staff's stream simulated with its server: README.md in the folder above says how."""
