"""What happens to one job.

`accept` turns a manifest in the drop box into a record: the claim. From then on every trigger calls `reconcile`:

    load      the record and its ETag                                       store
    observe   what storage and Batch show, as one frozen picture            observe -> picture
    decide    the first row of the table that fits                          decide          (pure)
    apply     its one action, idempotent, bounded by the deadline           apply, steps/
    save      once, under the ETag; who loses the race undoes its creates   store
    speak     status and events, only of what was saved                     speak

A pass that changed something is followed by the next one at once while there is time; a long step in a short pass is
left to the queue. `sweep` finds manifests that nobody announced, `tick` looks after the open jobs, `reaper` deletes
what has no record any more.
"""
