"""An assistant without a language model: rules that read, look up and word. No key, no network.

A reply goes through four steps, one file each, so that each can be deepened alone:

    conversation   the messages so far  →  what was spoken of, and what this turn looked up
    understanding  the customer's words →  an intent, and what they refer to
    planning       both                 →  the next tool call, or what to say
    wording/       the tools' facts     →  sentences
"""
