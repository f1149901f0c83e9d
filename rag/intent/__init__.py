"""What is asked for: is it talk, or a question for the documents?"""
