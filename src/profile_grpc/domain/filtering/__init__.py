"""The filter language of T3: typed expressions, the fields that they compare, and a predicate that judges them.

Nothing here knows text syntax (`service.filter_parsing`) or SQL (`store.filtering`).
"""
