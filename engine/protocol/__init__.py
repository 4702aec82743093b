"""What an instance can be told (``stimuli``) and what it tells (``events``): the words that kernel, history and stories share."""
