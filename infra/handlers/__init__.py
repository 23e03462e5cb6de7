"""Functions of the deployment itself: they run while a stack changes or a user signs in.

Standard library and the runtime's boto3 only; their code is this folder alone.
"""
