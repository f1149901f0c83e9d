"""The library: folders of documents, each with an index that is kept in sync with it."""
