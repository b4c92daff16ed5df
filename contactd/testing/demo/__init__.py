"""What the demo is made of: a made-up tea shop with agents, customers and their history, and the traffic they make.

Only the command `contactd demo` and the tests import it.  Nothing is put into the store directly but dated history.
"""
