"""Pages of documents, discussions and subscriptions."""
