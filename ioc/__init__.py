"""The control centre: it stores what gateways report and puts it before the people who act."""
