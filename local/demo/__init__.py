"""The demo: one real job on a whole stack of its own, checked from the outside, nothing left running.

`python -m local.demo` (`make demo`) starts a stack in a fresh folder, drops the word count example into it, shows what
its status file says, and then believes none of it: the result is compared with a plain run of the same program over the
whole text, and storage and Batch are asked what is left.
"""
