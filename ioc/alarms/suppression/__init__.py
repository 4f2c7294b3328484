"""What keeps alarms from calling: shelves, work on devices, causes that explain them."""
