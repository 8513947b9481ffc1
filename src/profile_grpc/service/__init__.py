"""The use cases: a command in, a result out. Knows the rules and, through ports, a store and a clock."""
