"""Calls: a PBX's own queue mirrored over AMI, calls routed by contactd over ARI, and any PBX's webhook."""
