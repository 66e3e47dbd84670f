// The operations of WSDLs, as node-soap reads them: node operaties.js WSDL...
import soap from "soap";

const gelezen = {};
for (const wsdl of process.argv.slice(2)) {
  const [poorten] = Object.values((await soap.createClientAsync(wsdl)).describe());
  gelezen[wsdl] = Object.values(poorten).flatMap((poort) => Object.keys(poort));
}
console.log(JSON.stringify(gelezen));
