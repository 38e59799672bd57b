"""The fault test: `make chaos`, or `python -m tests.chaos --claims 2000 --seed 1 --minutes 2`.

The whole system runs as it is deployed, on a PostgreSQL, a broker and a local Kick of its own, all
on loopback. Claims are made while webhooks are lost, players link and unlink, Kick's API fails and
every process is killed again and again. Then everything is left alone until nothing changes any
more, and the ledger is compared with Kick's own records, row by row. docs/operators/reliability.md
says what is promised, docs/measurements/fault-test.md what is checked and what was measured.

    orders      what is asked for: how many claims, which seed, for how long
    site        the processes, and where each of them lives
    fleet       starts them, kills them, starts them again
    world       organizations, campaigns, rewards and viewers at Kick; what is mapped here
    storm       what the drivers share while faults strike
    drivers     viewers who claim, players who link, game servers that hand out, and a forger
    trouble     which fault strikes when, by the seed
    witness     what must hold at every moment, looked at while everything happens
    calm        waiting until nothing changes any more
    spans       who was linked to whom, from when to when
    facts       what both sides say in the end
    verdict     the comparison
    report      what is printed
"""
