"""The fault test: `make chaos`, or `python -m tests.chaos --claims 2000 --seed 1 --minutes 2`.

The whole system runs as it is deployed, on a PostgreSQL, a broker and a local Kick of its own, all
on loopback. Claims are made while webhooks are lost, players link and unlink, Kick's API fails and
every process is killed again and again. Then everything is left alone until nothing changes any
more, and the ledger is compared with Kick's own records, row by row. docs/operators/reliability.md
says what is promised, docs/measurements/fault-test.md what is checked and what was measured.

    options         command line: how many claims, which seed, for how long
    deployment      the processes, their ports and directories
    fleet           starts, kills and restarts the processes
    world           organizations, campaigns, rewards and viewers at Kick; the mapping here
    workload        state that the drivers share while faults strike
    drivers         viewers who claim, players who link, game servers that fulfil, and a forger
    faults          which fault strikes when, by the seed
    invariants      checks that must hold at every moment, run while faults strike
    quiesce         waits until nothing changes any more
    link_intervals  which player each viewer was linked to, and when
    facts           the final records of Kick and of the product
    final_checks    compares the two
    report          prints the results
"""
