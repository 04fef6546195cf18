"""A real broker of one process (KRaft), and what drives it: kafka-python in a venv of its own."""

import json
import pathlib
import subprocess

from conftest import ROOT, eventually, free_port, stop

SCRAM = {"username": "wave", "password": "wave-secret"}

PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{plain},SCRAM://localhost:{scram},OAUTH://127.0.0.1:{oauth},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{plain},SCRAM://localhost:{scram},OAUTH://127.0.0.1:{oauth}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SCRAM:SASL_SSL,OAUTH:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={folder}/data
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=true
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=true
super.users=User:ANONYMOUS
sasl.enabled.mechanisms=SCRAM-SHA-256,SCRAM-SHA-512,PLAIN,OAUTHBEARER
listener.name.scram.ssl.keystore.type=PEM
listener.name.scram.ssl.keystore.location={folder}/server.pem
listener.name.scram.sasl.enabled.mechanisms=SCRAM-SHA-256,SCRAM-SHA-512,PLAIN
listener.name.scram.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.scram.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.scram.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_wave="wave-secret";
listener.name.oauth.sasl.enabled.mechanisms=OAUTHBEARER
listener.name.oauth.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";
"""


class Kafka:
    def __init__(self, folder):
        self.folder = folder
        done = subprocess.run([ROOT / "scripts/peers.sh", "kafka"], capture_output=True, text=True, check=True)
        self.jars = done.stdout.strip() + "/*"
        self.client_venv = subprocess.run(
            [ROOT / "scripts/venv.sh", "kafka"], capture_output=True, text=True, check=True
        ).stdout.strip()
        self.ports = {name: free_port() for name in ("plain", "scram", "oauth", "controller")}
        self.ca = folder / "ca.pem"
        self.process = None
        self._make_certificate()
        (folder / "server.properties").write_text(PROPERTIES.format(folder=folder, **self.ports))
        self._java(
            "kafka.tools.StorageTool",
            *["format", "-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c", "server.properties"],
            *["--add-scram", f"SCRAM-SHA-256=[name={SCRAM['username']},password={SCRAM['password']}]"],
            *["--add-scram", f"SCRAM-SHA-512=[name={SCRAM['username']},password={SCRAM['password']}]"],
        )

    def _java(self, *arguments):
        subprocess.run(
            ["java", "-Xmx256m", "-cp", self.jars, *arguments],
            cwd=self.folder,
            check=True,
            capture_output=True,
            timeout=120,
        )

    def _make_certificate(self):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
            + ["-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", str(self.ca)],
            cwd=self.folder,
            check=True,
            capture_output=True,
        )
        text = (self.folder / "key.pem").read_text() + self.ca.read_text()
        (self.folder / "server.pem").write_text(text)

    @property
    def plain(self):
        return f"127.0.0.1:{self.ports['plain']}"

    def start(self):
        with open(self.folder / "log.txt", "ab") as log:
            self.process = subprocess.Popen(
                ["java", "-Xmx384m", "-Xms128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", self.jars]
                + ["kafka.Kafka", "server.properties"],
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        eventually(self._is_up, timeout=90, every=0.5)

    def _is_up(self):
        assert self.process.poll() is None, (self.folder / "log.txt").read_text()[-2000:]
        try:
            return self.run("print(json.dumps(list(client.describe_topics()) or 'up'))")
        except subprocess.CalledProcessError:
            return None

    def stop(self):
        if self.process:
            stop(self.process)

    def run(self, script, **values):
        """Runs Python against the broker with kafka-python; what it prints, as JSON."""
        text = (
            "import json, sys\n"
            "from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition\n"
            "from kafka.structs import OffsetAndMetadata\n"
            f"servers = {self.plain!r}\n"
            "values = json.loads(sys.argv[1])\n"
            "client = KafkaAdminClient(bootstrap_servers=servers)\n" + script
        )
        done = subprocess.run(
            [pathlib.Path(self.client_venv) / "bin/python", "-c", text, json.dumps(values)],
            capture_output=True,
            text=True,
            timeout=60,
        )
        if done.returncode != 0:
            raise subprocess.CalledProcessError(done.returncode, "kafka-python", done.stdout, done.stderr)
        return json.loads(done.stdout) if done.stdout.strip() else None
