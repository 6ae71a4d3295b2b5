"""The six kinds of work that every Batchdrop must be able to do, each as an object that drops itself and is checked."""
