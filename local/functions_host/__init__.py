"""A stand-in for Azure Functions Core Tools: runs a Python v2 function app against any storage account.

One process, no state of its own: everything that must survive is in the storage account, laid out as the
real host lays it out (azure-webjobs-hosts, azure-webjobs-blobtrigger-*, *-poison).
"""
