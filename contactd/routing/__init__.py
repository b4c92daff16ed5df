"""Who gets what, and why: the pure router and the policy it decides by.  No I/O, no clock, no await."""
