"""HTTP requests to URLs that tenants configure, with checked addresses and limits; and e-mail."""
