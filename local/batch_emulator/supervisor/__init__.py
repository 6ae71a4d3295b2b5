"""The small program that stands between the emulator and one command: it starts it, isolates it, and ends all of it.

It has a process of its own and imports the standard library only. Its standard input is a pipe that the emulator holds
open: when that closes, for whatever reason, everything below the supervisor is killed. Its standard output carries one
line of JSON at the end: {"exit": code}, or {"error": code, "message": text} when the command never ran.
"""
