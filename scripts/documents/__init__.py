"""Documents that are made from the program and from the contract."""
