"""How a command ends without doing its work."""


class CommandError(Exception):
    """The command cannot go on; the message is a sentence for the person who started it."""


class StackFailed(Exception):
    """ROS could not create, update or delete the stack; the message is ROS's reason.

    That is the reason of the first resource that failed, if one did.
    """
