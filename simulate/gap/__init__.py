"""The idealised recursion beside the exact one: which dropped term opens the gap between them, and when."""
