"""The event log: topics, recorder, reader and the CloudEvents codec, on Kafka."""
