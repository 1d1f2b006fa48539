"""Which single knob breaks a claim: every parameter, choice and the steps moved alone until the claim flips."""
