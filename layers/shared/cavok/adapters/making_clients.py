"""Making boto3 clients, one at a time."""

from threading import Lock

MAKING_CLIENTS = Lock()
"""Threads may share boto3 clients, but must not create them at the same time. Source: boto3 guide,
"Clients". Nor do they load the same paginators at the same time, which only takes longer.
"""
