"""`make bench ONLY=desk`: the ops desk with many claims beside the same desk with few.

Two databases of one cluster, in which the few are also among the many; a process for each. They
answer the same requests in turns, so that what disturbs the machine disturbs both.
"""
