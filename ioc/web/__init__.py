"""What people see: console, phone page and JSON interface; decides no rules of its own."""
