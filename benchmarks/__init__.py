"""Measurements on this machine, against loopback alone; each prints a table and says what it ran on. See README.md."""
