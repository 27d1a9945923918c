"""URL shorteners: requests to providers, validation of their answers, failover between them."""
