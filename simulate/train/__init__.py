"""The weight-space engine: raw losses by autograd, independent of every derived formula."""
