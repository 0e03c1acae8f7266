"""The sandbox carrier: real labels, no lorries. It speaks EasyPost's language, beside the sandbox
payment provider and on its clock.
"""
