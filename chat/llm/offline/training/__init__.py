"""Makes the files that the offline assistant reads; nothing that runs for a customer imports it.

    __main__   the classifier's table, classifier.bin, from phrases/ and patterns.txt
    grouping   the classes of words, word_classes.bin, made once

Needs numpy and scipy (requirements-dev.txt).
"""
