"""Who answers: whether a search and a draft can be trusted, and when the larger model is called."""
