"""Containers of blobs as folders of a node: FUSE mounts by rclone, or folders that are synchronised."""
