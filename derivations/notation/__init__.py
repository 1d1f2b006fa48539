"""Lines as data, and the two alphabets that print them: text and LaTeX."""
