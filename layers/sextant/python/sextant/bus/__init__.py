"""The bus: what travels between Sextant's parts, over SQS or Kafka, in one form.

`message` is what is sent and what every publisher promises, `routing` where it goes, `sqs` and `kafka`
are the two publishers, `events` reads what Lambda's event source mappings deliver,
`redelivery` sees to what of it failed.
"""
