"""One turn, from the question to the frozen record: the pipeline that every interface consumes."""
