"""Cases of what customers say and what must hold, told to the assistant and judged.

``manage.py evaluate`` runs them; docs/assistant.md says how a case is written.
"""
